/// Where a request comes from, as its limits count it and as it is shown.
struct ClientAddress: Sendable, Equatable {
    /// Without a port.
    let text: String
    /// It is this machine's own, and nobody brought the request from elsewhere.
    let isLocal: Bool

    static let unknown = ClientAddress(text: "unknown", isLocal: false)
}

extension ClientAddress {
    init(_ address: IPAddress, isLocal: Bool) {
        self.init(text: address.description, isLocal: isLocal)
    }
}
