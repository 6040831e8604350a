import HTTPTypes
import NIOHTTP1
import NIOHTTPTypesHTTP1

extension HTTPRequest {
    /// The same request in the library's types; `nil` for what they don't allow.
    init?(_ head: HTTPRequestHead) {
        guard var request = try? HTTPRequest(head, secure: false, splitCookie: false) else { return nil }
        request.headerFields.joinCookies(of: head)
        self = request
    }
}

extension HTTPFields {
    /// The request's header fields.
    init(_ head: HTTPRequestHead) {
        self.init(head.headers, splitCookie: false)
        joinCookies(of: head)
    }

    /// HTTP/2 sends each cookie as a field: https://www.rfc-editor.org/rfc/rfc9113#section-8.2.3
    fileprivate mutating func joinCookies(of head: HTTPRequestHead) {
        if head.version.major == 2, let cookies = self[.cookie] { self[.cookie] = cookies }
    }
}
