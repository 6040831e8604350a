import NIOCore
import TributaryProtocol

/// Who is there and what they do. From any thread.
extension Hub {
    /// Who is there in a project, on any node, by name.
    ///
    /// - Throws: ``CoordinationError``.
    public func presence(of project: ProjectID) async throws -> [PresenceMember] {
        try await coordination.members(of: project).get()
    }

    /// A user says how it is: online or away.
    ///
    /// - Returns: false if the user has no stream in the project.
    /// - Throws: ``CoordinationError``.
    public func setPresence(_ status: PresenceState, of user: UserID, in project: ProjectID) async throws -> Bool {
        try await coordination.set(status, of: user, in: project).get()
    }

    /// A user types, or has stopped. Who does not say again that it types within
    /// ``HubConfiguration/typingMilliseconds`` has stopped, and the streams are told.
    ///
    /// - Throws: as ``publish(_:)``.
    public func setTyping(_ isTyping: Bool, of user: UserID, type: String, in project: ProjectID) async throws {
        let owner = StreamOwner(user: user, project: project)
        try await publishTyping(isTyping, of: owner, type: type)
        if isTyping { typing.start(owner, type: type) } else { typing.stop(owner) }
        registrar.tellTyping(owner)
    }

    func publishTyping(_ isTyping: Bool, of owner: StreamOwner, type: String) async throws {
        var data = ByteBuffer()
        data.writeStaticString(#"{"userId":"#)
        data.writeJSONString(owner.user.rawValue)
        data.writeStaticString(#","projectId":"#)
        data.writeJSONString(owner.project.rawValue)
        data.writeStaticString(#","user_type":"#)
        data.writeJSONString(type)
        data.writeStaticString(#","timestamp":"#)
        data.writeJSONString(Instant.now.iso8601)
        data.writeStaticString("}")
        _ = try await publish(
            Event(channel: .chat, project: owner.project, name: isTyping ? .typingStart : .typingStop, data: data))
    }
}
