import NIOHTTP1

extension HTTPRequestHead {
    /// Whether a proxy in front might read the request differently: for another host, or a body that is encoded once more than the hub
    /// decodes. The parser refuses what else there is of the kind, such as a length beside chunks.
    ///
    /// Source: https://www.rfc-editor.org/rfc/rfc9112#section-3.2 and #section-6.1
    var isAmbiguous: Bool {
        let hosts = headers["host"]
        // HTTP/2 allows its `:authority` to be repeated as a field.
        if hosts.contains(where: { $0 != hosts[0] }) { return true }
        let coding = headers.first(name: "transfer-encoding")
        return coding.map { $0.lowercased() != "chunked" } ?? false
    }
}
