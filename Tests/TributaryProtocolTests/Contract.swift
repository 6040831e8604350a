import Foundation
import TributaryProtocol

/// The contract's files, read from the repository.
enum Contract {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Protocols")
        .standardizedFileURL

    static func read(_ path: String) throws -> Data { try Data(contentsOf: folder.appending(path: path)) }

    static func decode<Value: Decodable>(_ type: Value.Type = Value.self, from path: String) throws -> Value {
        try JSONDecoder().decode(type, from: read(path))
    }

    /// The names of the JSON files in a folder, without their suffix, in order.
    static func names(in path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: path).path)
            .filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
    }

    static let catalog = Result { try Catalog.bundled() }
}

/// Bytes as the fixtures write them: parts, one behind the other.
struct FixtureBytes: Decodable, Sendable {
    let bytes: [UInt8]

    /// One part of them.
    struct Part: Decodable, Sendable {
        let bytes: [UInt8]

        private struct Rule: Decodable {
            let base64: Data?
            let `repeat`: String?
            let times: Int?
        }

        init(from decoder: any Decoder) throws {
            if let text = try? decoder.singleValueContainer().decode(String.self) {
                bytes = Array(text.utf8)
                return
            }
            let rule = try Rule(from: decoder)
            if let base64 = rule.base64 {
                bytes = Array(base64)
            } else if let text = rule.repeat, let times = rule.times {
                bytes = Array(repeatElement(text.utf8, count: times).joined())
            } else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "not text, base64 or repeat and times")
                )
            }
        }
    }

    init(from decoder: any Decoder) throws {
        bytes = try decoder.singleValueContainer().decode([Part].self).flatMap(\.bytes)
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// A file of cases.
struct FixtureFile<Case: Decodable & Sendable>: Decodable, Sendable {
    let cases: [Case]
}
