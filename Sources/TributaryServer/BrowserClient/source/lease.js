// Where there are no locks, as on plain http: a claim in the tabs' shared storage, with its owner and when that last said so.

// Claims are read again after so long: sooner, two tabs may each see their own.
const CONFIRM = 120

const lease = () => load(SHARED, 'lease')?.split(' ') ?? []

const sign = () => save(SHARED, 'lease', id + ' ' + Date.now())

// Once a second at most, and while there is a stream only from what comes on it.
const renew = () => {
  if (lockManager || isSolo || !reign) return
  const [owner, time] = lease()
  if (owner && owner != id) resign()
  else if (!(Date.now() - time < 1000)) sign()
}

const claim = async steal => {
  if (isClaiming || lockManager) return
  const isFree = () => stay && !reign
  isClaiming = true
  await pause(50 * Math.random())
  if (isFree() && (steal || !(Date.now() - lease()[1] < STALE))) {
    sign()
    await pause(CONFIRM)
    if (isFree() && lease()[0] == id) lead()
  }
  isClaiming = false
}
