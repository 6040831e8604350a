/// Why the server cannot listen where it was told to.
public enum ListenError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Another process listens there.
    case addressInUse(hostname: String, port: Int)
    /// The system does not allow it, as for ports below 1024.
    case permissionDenied(hostname: String, port: Int)
    /// The name does not resolve to an address, or the address is not this machine's.
    case unknownAddress(hostname: String, cause: String)
    /// The port is not within 0–65,535.
    case invalidPort(Int)
    /// A number that the configuration holds is out of its range.
    case invalidValue(name: String, rule: String)
    /// The address can be reached from elsewhere, and nobody said that no authentication is wanted.
    case authenticationRequired(hostname: String)
    /// Settings that don't go together; the text says what to change.
    case contradiction(String)
    /// A file of TLS cannot be used.
    case certificate(path: String, cause: String)
    /// Anything else that the system said.
    case failed(hostname: String, port: Int, cause: String)

    public var description: String {
        switch self {
        case .addressInUse(let hostname, let port):
            "port \(port) on \(hostname) is in use: stop the other process, or choose another port with --port"
        case .permissionDenied(let hostname, let port):
            "not permitted to listen on \(hostname) port \(port): choose a port above 1023"
        case .unknownAddress(let hostname, let cause):
            "cannot listen on \"\(hostname)\": \(cause); use an address of this machine, such as 127.0.0.1"
        case .invalidPort(let port):
            "port \(port) is not within 0–65535"
        case .invalidValue(let name, let rule):
            "\(name) must be \(rule)"
        case .authenticationRequired(let hostname):
            "\(hostname) can be reached from other machines, and nobody would be asked who they are: "
                + "listen on 127.0.0.1, or give --auth none to allow it"
        case .contradiction(let text):
            text
        case .certificate(let path, let cause):
            "\(path): \(cause)"
        case .failed(let hostname, let port, let cause):
            "cannot listen on \(hostname) port \(port): \(cause)"
        }
    }
}
