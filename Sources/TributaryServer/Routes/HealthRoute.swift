import Hummingbird
import HummingbirdCore
import NIOCore

extension APIRoutes {
    /// `GET /healthz`: 200 as long as the process answers at all.
    mutating func addHealthRoute() {
        add("healthz", [.get: { $0.access.anybody(Response(json: ByteBuffer(staticString: #"{"status":"ok"}"#))) }])
    }
}
