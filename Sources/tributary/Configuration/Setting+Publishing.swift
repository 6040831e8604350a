import TributaryServer

extension Setting {
    /// Who publishes over HTTP, and how fast.
    static let publishing: [Setting] = [
        .text(
            "publisher-token", \.publishing.token, placeholder: "TOKEN", defaultText: "none: no publishers",
            help: """
                What services send as `Authorization: Bearer TOKEN` to publish in every project, for every user: 16 characters \
                or more.
                """,
            isSecret: true,
            check: bearerToken
        ),
        .text(
            "publisher-previous-token", \.publishing.previousToken, placeholder: "TOKEN", defaultText: "none",
            help: "Holds beside --publisher-token, until every service has the new one.",
            isSecret: true,
            check: bearerToken
        ),
        .integer(
            "publish-rate-per-user", \.publishing.ratePerUser, in: 0...1_000_000, placeholder: "N",
            help: """
                Events that one user may publish in a second on this node, twice that at once; 0 is no limit. Services and \
                operators have none.
                """
        ),
        .integer(
            "publish-rate-per-address", \.publishing.ratePerAddress, in: 0...1_000_000, placeholder: "N",
            help: "Events that one address may publish in a second on this node, but for loopback; 0 is no limit."
        ),
        .integer(
            "publish-rate-per-project", \.publishing.ratePerProject, in: 0...1_000_000, placeholder: "N",
            help: "Events that may be published over HTTP in one project in a second on this node; 0 is no limit."
        ),
    ]
}
