import Hummingbird
import NIOCore

/// What a route knows of its request beside the request itself.
struct APIContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Where the request comes from.
    let client: ClientAddress
    /// It came over TLS that the hub itself ended.
    let isSecure: Bool

    /// The client's address, without its port.
    var peer: String { client.text }

    init(source: ApplicationRequestContextSource) {
        self.init(source: source, client: .unknown, isSecure: false)
    }

    init(source: ApplicationRequestContextSource, client: ClientAddress, isSecure: Bool) {
        coreContext = CoreRequestContextStorage(source: source)
        self.client = client
        self.isSecure = isSecure
    }
}
