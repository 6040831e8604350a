/// The browser client as the hub serves it. `package.json` beside it makes a package for npm of the same files.
enum BrowserClient {
    /// That of `package.json`; a test compares them.
    static let version = "0.1.0"

    static let assets = [
        asset("tributary.js", PackageResources.tributary_js, script),
        asset("tributary.d.ts", PackageResources.tributary_d_ts, types),
        asset("tributary-react.js", PackageResources.tributary_react_js, script),
        asset("tributary-react.d.ts", PackageResources.tributary_react_d_ts, types),
        asset("package.json", PackageResources.package_json, "application/json"),
    ]

    private static let script = "text/javascript; charset=utf-8"
    /// No type is registered for TypeScript, and its suffix belongs to video streams.
    private static let types = "text/plain; charset=utf-8"

    private static func asset(_ name: String, _ bytes: [UInt8], _ contentType: String) -> StaticAsset {
        StaticAsset(
            path: "client/\(name)", bytes: bytes, contentType: contentType, audience: .everybody, version: version)
    }
}
