import TributaryProtocol

extension ProjectID {
    /// The project that ``Node/publish(_:_:id:to:)`` publishes to.
    static let p1: ProjectID = {
        guard let project = try? ProjectID("p1") else { preconditionFailure("p1 is a project's name") }
        return project
    }()
}
