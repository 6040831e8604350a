import NIOConcurrencyHelpers
import NIOCore
import NIOSSL

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// The certificate that connections are shown. It is read from its files again on demand: connections that exist keep the one
/// that they began with. From any thread.
final class ServerCertificate: Sendable {
    /// The files have not been read yet.
    struct NotLoaded: Error {}

    private let path: String
    private let keyPath: String
    private let context = NIOLockedValueBox<NIOSSLContext?>(nil)

    init(path: String, keyPath: String) {
        self.path = path
        self.keyPath = keyPath
    }

    /// Reads the files; if they cannot be used, what was there before stays. Blocks.
    ///
    /// - Throws: ``ListenError``.
    func load() throws(ListenError) {
        let new = try read()
        context.withLockedValue { $0 = new }
    }

    /// What ends TLS on a new connection.
    ///
    /// - Throws: ``NotLoaded``.
    func handler() throws(NotLoaded) -> NIOSSLServerHandler {
        guard let context = context.withLockedValue({ $0 }) else { throw NotLoaded() }
        return NIOSSLServerHandler(context: context)
    }

    private func read() throws(ListenError) -> NIOSSLContext {
        try checkReadable(path)
        try checkReadable(keyPath)
        guard let chain = try? NIOSSLCertificate.fromPEMFile(path), !chain.isEmpty else {
            throw .certificate(path: path, cause: "it holds no certificate (PEM)")
        }
        guard let key = try? NIOSSLPrivateKey(file: keyPath, format: .pem) else {
            throw .certificate(path: keyPath, cause: "it holds no private key (PEM, without a passphrase)")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key)
        )
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["h2", "http/1.1"]
        // 2 s: as long as a connection without TLS may linger.
        configuration.shutdownTimeout = .seconds(2)
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw .certificate(path: keyPath, cause: "it is not the key of the certificate in \(path)")
        }
    }

    private func checkReadable(_ path: String) throws(ListenError) {
        guard let file = fopen(path, "r") else {
            throw .certificate(path: path, cause: String(cString: strerror(errno)))
        }
        fclose(file)
    }
}
