/// What the hub's own pages may load and do. They show data that anybody may have written: nothing of it can become a script, not
/// even by a mistake in the page, for no text is ever taken for markup.
enum PagePolicy {
    static let text = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self'",
        "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ].joined(separator: "; ")
}
