import TributaryProtocol

/// What an event replaces for a reader that is behind: older ones with an equal conflation.
///
/// A class, so that it costs a frame one word.
final class Conflation: Sendable {
    /// Only within one of these can anything replace anything.
    struct Group: Hashable, Sendable {
        let channel: Int
        let name: String
        let recipient: UserID?
    }

    let group: Group
    let value: String
    /// It replaces everything of its group.
    let replacesGroup: Bool

    init(group: Group, value: String, replacesGroup: Bool) {
        self.group = group
        self.value = value
        self.replacesGroup = replacesGroup
    }
}

/// Where a frame stands in the tail: segments count from the beginning of time.
struct FramePlace: Comparable, Hashable {
    var segment: Int
    var frame: Int

    static func < (left: FramePlace, right: FramePlace) -> Bool {
        left.segment == right.segment ? left.frame < right.frame : left.segment < right.segment
    }
}
