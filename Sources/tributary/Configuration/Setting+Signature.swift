import TributaryServer

extension Setting {
    /// Requests that a trusted proxy signs.
    static let signature: [Setting] = [
        .text(
            "signature-secret", \.signature.secret, placeholder: "SECRET", defaultText: "none",
            help: """
                What a trusted proxy signs requests with (HMAC-SHA256), with --auth signature: 32 characters or more. The proxy \
                says who the user is in X-Tributary-User, and its word is believed.
                """,
            isSecret: true,
            check: signatureSecret
        ),
        .text(
            "signature-previous-secret", \.signature.previousSecret, placeholder: "SECRET", defaultText: "none",
            help: "Holds beside --signature-secret, until every proxy has the new one.",
            isSecret: true,
            check: signatureSecret
        ),
        .flag(
            "signature-compatibility", \.signature.isCompatible,
            help: """
                Take the older form in place of the present one: an HMAC of the timestamp (in s or ms) and the body alone. DANGER: \
                it covers neither user nor method nor path, so whoever sees one such request can send others in any user's name \
                for 300 seconds. Only where nobody but the proxy reaches the hub.
                """
        ),
        header("signature-header", .signature, standard: "X-Tributary-Signature"),
        header("signature-timestamp-header", .timestamp, standard: "X-Tributary-Timestamp"),
        header("signature-user-header", .user, standard: "X-Tributary-User"),
    ]

    private static func header(
        _ name: String, _ header: SignatureConfiguration.Header, standard: String
    ) -> Setting {
        .text(
            name, \.signature.headers[header], placeholder: "HEADER", defaultText: standard,
            help: "The header with the \(header.rawValue), with --signature-compatibility.",
            check: headerName
        )
    }

    static func signatureSecret(_ text: String) throws -> SignatureSecret? {
        do {
            return try SignatureSecret(text)
        } catch {
            throw Refused.because("\(error)")
        }
    }

    static func headerName(_ text: String) throws -> HeaderName? {
        do {
            return try HeaderName(text)
        } catch {
            throw Refused.because("\(error)")
        }
    }
}
