import TributaryServer

extension Setting {
    static let application: [Setting] = [
        .text(
            "authorize-url", \.application.endpoint, placeholder: "URL", defaultText: "none: nobody is asked",
            help: """
                Where the application is asked what a user may: each question a POST of JSON, answered with `{"allow":true}`. \
                While it does not answer, nobody new is let in.
                """,
            // Its query may hold one.
            isSecret: true,
            check: applicationEndpoint
        ),
        .text(
            "authorize-secret", \.application.secret, placeholder: "SECRET", defaultText: "none",
            help: """
                What the hub shows the application as `X-Tributary-Authorize`, so that it answers nobody else: 16 characters or \
                more.
                """,
            isSecret: true,
            check: bearerToken
        ),
    ]

    static func applicationEndpoint(_ text: String) throws -> ApplicationEndpoint? {
        do {
            return try ApplicationEndpoint(text)
        } catch {
            throw Refused.because("\(error)")
        }
    }
}
