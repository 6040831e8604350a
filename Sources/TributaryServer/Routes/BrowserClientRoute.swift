extension APIRoutes {
    /// `GET /client/…`: the browser client, as a module that pages of any origin may import.
    mutating func addBrowserClientRoute() {
        for asset in BrowserClient.assets { add(asset) }
    }
}
