import HTTPTypes

extension Problem {
    /// Also where a browser's credential comes without a word of which page sends it.
    static let originNotAllowed = Problem(
        .forbidden, "origin_not_allowed",
        """
        The page that sends this is of another origin, or its browser doesn't say of which; the operator allows origins \
        with --cors-origins. A token in "Authorization" counts all the same, but the page cannot read the answer.
        """
    )
}
