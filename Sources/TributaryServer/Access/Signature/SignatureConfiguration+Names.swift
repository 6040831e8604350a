import HTTPTypes

extension SignatureConfiguration.Header {
    /// The field's name where none was configured.
    private var standardName: HTTPField.Name? {
        switch self {
        case .signature: HTTPField.Name("X-Tributary-Signature")
        case .timestamp: HTTPField.Name("X-Tributary-Timestamp")
        case .user: HTTPField.Name("X-Tributary-User")
        }
    }

    /// The field's name.
    func name(in configuration: SignatureConfiguration) -> HTTPField.Name? {
        configuration.headers[self]?.field ?? standardName
    }
}
