import Foundation

/// The file that `--config` names: one JSON object, keys as the flags without their dashes.
struct ConfigurationFile {
    let path: String
    let values: [String: Setting.Value]

    /// - Throws: ``ConfigurationError`` for a file that cannot be read, is no JSON object, or holds an unknown key.
    init(path: String) throws {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw ConfigurationError("\(path): cannot be read: \(causeOfUnreadableFile(at: path))")
        }
        try self.init(path: path, data: data)
    }

    /// - Throws: as ``init(path:)``.
    init(path: String, data: Data) throws {
        let decoded: [String: Scalar]
        do {
            decoded = try JSONDecoder().decode([String: Scalar].self, from: data)
        } catch let error as DecodingError {
            throw ConfigurationError("\(path): \(error.cause)")
        }
        let known = Setting.all.map(\.name)
        for key in decoded.keys.sorted() where !known.contains(key) {
            throw ConfigurationError(unknown: key, among: known, in: path)
        }
        self.path = path
        values = decoded.mapValues(\.value)
    }

    /// A value of the kinds that settings have; JSON's `true` is no number here, as it is to some readers.
    private struct Scalar: Decodable {
        let value: Setting.Value

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {
                value = .flag(flag)
            } else if let number = try? container.decode(Int.self) {
                value = .integer(number)
            } else if let text = try? container.decode(String.self) {
                value = .text(text)
            } else {
                throw DecodingError.dataCorruptedError(
                    in: container, debugDescription: "is neither text nor a whole number, true or false"
                )
            }
        }
    }
}
