import HTTPTypes
import Hummingbird
import HummingbirdCore

extension APIRoutes {
    /// `GET /`: the live page, for whoever may see the figures that it shows. Its styles and modules are the same for everybody, and
    /// say nothing of anybody.
    mutating func addLivePageRoute() {
        add(
            "",
            [
                .get: { call in
                    let page = LivePage.document
                    do {
                        return try await call.inspect()(page.response(to: call.request, call.access.browsers))
                    } catch let problem as Problem where problem.status == .unauthorized && call.prefersHTML {
                        return call.access.anybody(page.asking(problem))
                    }
                }
            ]
        )
        for asset in LivePage.assets { add(asset) }
    }
}

extension APICall {
    /// A person is to read the answer.
    fileprivate var prefersHTML: Bool { request.headers[.accept]?.contains("text/html") ?? false }
}

extension StaticAsset {
    /// The same page with the status that says no: a browser cannot show a token when it opens an address, so the page asks for it, and
    /// sends it with what it asks for then. Not kept, for it is not the page's own answer.
    fileprivate func asking(_ problem: Problem) -> Response {
        var fields = problem.fields
        fields[.contentType] = contentType
        fields[.contentSecurityPolicy] = policy
        fields[.cacheControl] = "no-store"
        return Response(status: problem.status, headers: fields, body: ResponseBody(byteBuffer: bytes))
    }
}
