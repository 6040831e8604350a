import HTTPTypes
import TributaryProtocol

extension Credentials {
    /// The same request with `token` in place of what its header fields say: as if it had come after
    /// `Authorization: Bearer`, and without cookies, which may still hold an earlier one.
    ///
    /// - Throws: `invalid_token` for what no header field could carry; `repeated_parameter` if the query has a token too.
    func presenting(_ token: String) throws(Problem) -> Credentials {
        guard (1...Self.maximumTokenLength).contains(token.utf8.count),
            token.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw Problem(
                .badRequest, "invalid_token", "\"token\" is 1 to \(Self.maximumTokenLength) visible ASCII characters.")
        }
        guard try Query(target: target).value("token") == nil else { throw .repeated("token") }
        var credentials = self
        credentials.fields[.authorization] = "Bearer \(token)"
        credentials.fields[.cookie] = nil
        return credentials
    }

    /// 16 KiB: what all header fields of a request may take.
    private static let maximumTokenLength = 16 << 10
}
