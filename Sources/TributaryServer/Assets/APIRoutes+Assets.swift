import HTTPTypes

extension APIRoutes {
    /// Serves a file to anybody who asks.
    mutating func add(_ asset: StaticAsset) {
        add(asset.path, [.get: { $0.access.anybody(asset.response(to: $0.request, $0.access.browsers)) }])
    }
}
