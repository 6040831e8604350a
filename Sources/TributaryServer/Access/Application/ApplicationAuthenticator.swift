import TributaryCore
import TributaryProtocol

/// Believes that a request with cookies or an `Authorization` belongs to a session of the application's, which alone knows whose it
/// is: nothing is allowed before the application has said so (`--auth application`).
struct ApplicationAuthenticator: Authenticator {
    let catalog: Catalog

    func authenticate(_ credentials: Credentials) async throws(Problem) -> Identity? {
        guard let session = try SessionCredentials(credentials.fields) else { return nil }
        let all = ChannelSet.all(of: catalog.channels.count)
        // 8 bytes of the digest: enough to count by.
        let name = session.digest.prefix(8).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }
        return Identity(
            kind: .session,
            grants: Grants(projects: .unstated, channels: all, publishing: Grants.Publishing(channels: all)),
            credential: "session:\(name.joined())",
            isAmbient: session.isAmbient
        )
    }
}
