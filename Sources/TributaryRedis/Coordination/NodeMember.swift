import TributaryProtocol

/// A user of whom a node has streams in a project.
struct NodeMember: Hashable, Sendable {
    var user: UserID
    var project: ProjectID
    var node: String
}
