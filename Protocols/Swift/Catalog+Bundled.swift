public import Foundation

extension Catalog {
    /// - Throws: ``Invalid``, `InvalidName` or a `DecodingError` if `json` is not a catalog.
    public init(json: Data) throws {
        try self.init(try JSONDecoder().decode(Document.self, from: json))
    }

    /// The catalog that ships with this package.
    ///
    /// - Throws: never in a release: the tests read it.
    public static func bundled() throws -> Catalog {
        try Catalog(json: Data(PackageResources.catalog_json))
    }
}
