// Where there are no locks, as on plain http: a claim in the tabs' shared storage, with its owner and when that last said so.

// Claims are read again after so long: sooner, two tabs may each see their own.
const CONFIRM = 120

const sign = () => {
  save(SHARED, 'lease', id)
  save(SHARED, 'signed', Date.now())
}

const isSigned = within => Date.now() - load(SHARED, 'signed') < within

// Once a second at most, and while there is a stream only from what comes on it.
const renew = () => {
  if (lockManager || isSolo || !reign) return
  if ((load(SHARED, 'lease') ?? id) != id) resign()
  else if (!isSigned(1000)) sign()
}

const claim = async steal => {
  if (isClaiming || lockManager) return
  const isFree = () => stay && !reign
  isClaiming = true
  await pause(50 * Math.random())
  if (isFree() && (steal || !isSigned(STALE))) {
    sign()
    await pause(CONFIRM)
    if (isFree() && load(SHARED, 'lease') == id) lead()
  }
  isClaiming = false
}
