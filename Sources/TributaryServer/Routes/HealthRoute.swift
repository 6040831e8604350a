import Hummingbird
import HummingbirdCore
import NIOCore

extension Router where Context == APIContext {
    /// `GET /healthz`: 200 as long as the process answers at all.
    func addHealthRoute() {
        add("healthz", [.get: { _, _ in Response(json: ByteBuffer(staticString: #"{"status":"ok"}"#)) }])
    }
}
