import Crypto
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

/// A file of the hub's own that browsers fetch, such as the client's module or a page's style.
///
/// Anybody may have it, so it holds nothing that is not in this repository.
struct StaticAsset: Sendable {
    /// Whose pages may use it.
    enum Audience: Sendable {
        /// Pages of every origin: it is public, and asks for no credential.
        case everybody
        /// Pages of the hub's own origin, and of those that the operator allows.
        case ownOrigin
    }

    /// Where it is served, without the leading slash.
    let path: String
    let bytes: ByteBuffer
    let contentType: String
    let audience: Audience
    /// What a page may load and do, in place of the policy for answers that are data.
    let policy: String?
    /// What a URL may name as `?v=` to be kept for good: the release, or the content's own digest.
    let versions: Set<String>
    /// 128 bits of the content's SHA-256, in hex.
    let digest: String

    init(
        path: String, bytes: [UInt8], contentType: String, audience: Audience = .ownOrigin, policy: String? = nil,
        version: String? = nil
    ) {
        self.path = path
        self.bytes = ByteBuffer(bytes: bytes)
        self.contentType = contentType
        self.audience = audience
        self.policy = policy
        let digest = SHA256.hash(data: bytes).prefix(16).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        self.digest = digest
        versions = version.map { [$0, digest] } ?? [digest]
    }

    /// As `ETag` has it.
    var tag: String { "\"\(digest)\"" }

    /// The file, or that the browser has it already.
    ///
    /// - Parameter browsers: an origin that it allows is told so by name, as every answer does, so that credentials may come along.
    func response(to request: Request, _ browsers: BrowserPolicy) -> Response {
        var fields: HTTPFields = [.eTag: tag, .cacheControl: cacheControl(for: request)]
        if audience == .everybody, !browsers.allows(request.headers[.origin]) {
            fields[.accessControlAllowOrigin] = "*"
            fields[.crossOriginResourcePolicy] = "cross-origin"
        }
        // With 304 as well: its fields take the place of those that the browser has kept.
        fields[.contentSecurityPolicy] = policy
        if let known = request.headers[.ifNoneMatch], isNamed(in: known) {
            return Response(status: .notModified, headers: fields)
        }
        fields[.contentType] = contentType
        return Response(status: .ok, headers: fields, body: ResponseBody(byteBuffer: bytes))
    }

    /// A URL that names this very version never shows another one, so it may be kept for a year, which is for ever. A wrong version is
    /// no reason to keep the right file under its name: during an upgrade, two hubs answer.
    private func cacheControl(for request: Request) -> String {
        let version = request.uri.queryParameters["v"].map(String.init)
        return version.map(versions.contains) == true ? "public, max-age=31536000, immutable" : "no-cache"
    }

    /// Compared weakly, as RFC 9110 wants it: a proxy that compresses makes the tag weak.
    private func isNamed(in field: String) -> Bool {
        field.split(separator: ",").contains { entry in
            let entry = entry.drop { $0 == " " || $0 == "\t" }
            let tag = entry.hasPrefix("W/") ? entry.dropFirst(2) : entry
            return tag.hasPrefix(self.tag) && tag.dropFirst(self.tag.count).allSatisfy { $0 == " " || $0 == "\t" }
                || entry == "*"
        }
    }
}
