import Foundation
import TributaryProtocol

/// The catalog that `--catalog` names, or the bundled one.
enum CatalogFile {
    /// - Throws: ``ConfigurationError`` that names the file and what is wrong with it.
    static func read(_ path: String?) throws -> Catalog {
        guard let path else { return try Catalog.bundled() }
        guard let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw ConfigurationError("\(path): cannot be read: \(causeOfUnreadableFile(at: path))")
        }
        do {
            return try Catalog(json: data)
        } catch let error as DecodingError {
            throw ConfigurationError("\(path): \(error.cause)")
        } catch {
            throw ConfigurationError("\(path): \(error)")
        }
    }
}
