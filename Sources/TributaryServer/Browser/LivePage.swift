/// The page that shows a person what a hub is doing: static files without a framework, and without a secret.
enum LivePage {
    static let document = StaticAsset(
        path: "", bytes: PackageResources.page_html, contentType: "text/html; charset=utf-8", policy: PagePolicy.text
    )

    /// What the document loads, beside the browser client.
    static let assets =
        [
            StaticAsset(
                path: "page/page.css", bytes: PackageResources.page_css, contentType: "text/css; charset=utf-8"),
            StaticAsset(path: "page/icon.svg", bytes: PackageResources.icon_svg, contentType: "image/svg+xml"),
        ] + modules

    private static let modules = [
        ("page", PackageResources.page_js), ("access", PackageResources.access_js), ("dom", PackageResources.dom_js),
        ("figures", PackageResources.figures_js), ("inspector", PackageResources.inspector_js),
        ("json", PackageResources.json_js), ("latency", PackageResources.latency_js),
        ("plot", PackageResources.plot_js), ("publish", PackageResources.publish_js),
        ("rows", PackageResources.rows_js), ("shared", PackageResources.shared_js),
    ].map { name, bytes in
        StaticAsset(path: "page/\(name).js", bytes: bytes, contentType: "text/javascript; charset=utf-8")
    }
}
