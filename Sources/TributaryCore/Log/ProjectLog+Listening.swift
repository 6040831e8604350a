import TributaryProtocol

extension ProjectLog {
    /// Notes a listener, and with `marksLapses` a lapse on each channel where nobody who lives had been listening; but none
    /// where every event came through the log.
    package mutating func listen(
        to indices: [Int], as listener: String, marksLapses: Bool, isAlive: (String) -> Bool
    ) {
        let marksLapses = marksLapses && (owner == nil || isBypassed)
        for index in indices {
            channels[index].listeners = channels[index].listeners.filter(isAlive)
            if marksLapses, channels[index].listeners.isEmpty { channels[index].lapse = head }
            channels[index].listeners.insert(listener)
        }
    }

    package mutating func leave(_ indices: [Int], as listener: String) {
        for index in indices { channels[index].listeners.remove(listener) }
    }
}
