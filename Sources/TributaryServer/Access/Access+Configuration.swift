import Logging
import TributaryProtocol

extension Access {
    /// What the operator configured.
    ///
    /// - Parameter logger: for what authentication meets on its way, such as an issuer that does not answer.
    init(
        _ configuration: ServerConfiguration, catalog: Catalog,
        logger: Logger = Logger(label: "tributary") { _ in SwiftLogNoOpLogHandler() }
    ) {
        let methods = configuration.authentication ?? [.disabled]
        // What is inspected is on the operators' port, where there is one.
        let address = (try? configuration.resolveAdmin()) ?? (try? configuration.resolve())
        let isLoopback = address?.isLoopback ?? false
        let application = HTTPApplicationAuthorizer(configuration.application, catalog: catalog, logger: logger)
        self.init(
            catalog: catalog,
            isOpen: methods.contains(.disabled),
            authenticators: methods.compactMap {
                Self.authenticator($0, configuration, catalog, asksApplication: application != nil, logger)
            },
            application: application,
            adminToken: configuration.adminToken,
            publisherTokens: configuration.publishing.tokens,
            hasOperators: configuration.adminToken != nil || methods.contains(.jwt),
            guardsInspection: (configuration.inspection ?? (isLoopback ? .anybody : .operators)) == .operators,
            browsers: BrowserPolicy(configuration.browsers),
            opensInspectionToAll: configuration.inspection == .anybody
        )
    }

    private static func authenticator(
        _ method: ServerConfiguration.Authentication, _ configuration: ServerConfiguration, _ catalog: Catalog,
        asksApplication: Bool, _ logger: Logger
    ) -> (any Authenticator)? {
        switch method {
        case .disabled: nil
        case .jwt:
            JWTAuthenticator(
                configuration.jwt, keys: JWTKeySource(configuration.jwt, logger: logger), catalog: catalog)
        case .signature:
            SignatureAuthenticator(configuration.signature, catalog: catalog, asksApplication: asksApplication)
        case .application: ApplicationAuthenticator(catalog: catalog)
        }
    }
}
