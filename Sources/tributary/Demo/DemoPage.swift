import TributaryServer

/// The small chat at `/demo`: what a page has to do to be one, in files that read as an example.
enum DemoPage {
    static let files: [Demo.File] = [
        .init("", PackageResources.demo_html, "text/html; charset=utf-8"),
        .init("demo.css", PackageResources.demo_css, "text/css; charset=utf-8"),
        .init("demo.svg", PackageResources.demo_svg, "image/svg+xml"),
        .init("demo.js", PackageResources.demo_js, script),
        .init("hub.js", PackageResources.hub_js, script),
        .init("pane.js", PackageResources.pane_js, script),
        .init("room.js", PackageResources.room_js, script),
    ]

    private static let script = "text/javascript; charset=utf-8"
}
