import Foundation

/// Why a file could not be read: Foundation's own texts say that the operation could not be completed.
func causeOfUnreadableFile(at path: String) -> String {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { return "no such file" }
    return isDirectory.boolValue ? "it is a directory" : "permission denied"
}

extension DecodingError {
    /// The place and what is wrong there, on one line.
    var cause: String {
        let (context, text): (Context, String) =
            switch self {
            case .dataCorrupted(let context) where context.codingPath.isEmpty: (context, "not JSON")
            case .dataCorrupted(let context): (context, context.debugDescription)
            case .keyNotFound(let key, let context): (context, "has no \"\(key.stringValue)\"")
            case .typeMismatch(let type, let context): (context, "is not \(Self.word(for: type))")
            case .valueNotFound(let type, let context): (context, "is not \(Self.word(for: type))")
            @unknown default: (Context(codingPath: [], debugDescription: ""), "\(self)")
            }
        let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        return path.isEmpty ? text : "\(path) \(text)"
    }

    private static func word(for type: any Any.Type) -> String {
        switch type {
        case is String.Type: "text"
        case is Bool.Type: "true or false"
        case is any BinaryInteger.Type: "a whole number"
        case is any ExpressibleByArrayLiteral.Type: "a list"
        default: "an object"
        }
    }
}
