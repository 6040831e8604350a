import HTTPTypes
import TributaryProtocol

extension Problem {
    init(_ error: InvalidName) {
        self.init(.badRequest, "invalid_\(error.kind)", "Not a valid \(error.kind): use \(error.rule).")
    }

    /// Makes the answer to a client of a name that breaks its rule.
    static func rethrowing<Name>(_ name: () throws(InvalidName) -> Name) throws(Problem) -> Name {
        do {
            return try name()
        } catch {
            throw Problem(error)
        }
    }
}
