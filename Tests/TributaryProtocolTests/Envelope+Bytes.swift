import TributaryProtocol

extension Envelope {
    /// Scans bytes of an array.
    static func result(of bytes: [UInt8]) -> Result<Envelope, Rejection> {
        bytes.withUnsafeBytes { raw in
            do throws(Rejection) {
                return .success(try scan(raw))
            } catch {
                return .failure(error)
            }
        }
    }
}
