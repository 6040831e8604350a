import HTTPTypes
import NIOHTTP1

extension HTTPHeaders {
    /// Adds the fields that are not there yet: an answer that says otherwise knows better. `Vary` is a list, and grows.
    mutating func complete(with fields: HTTPFields) {
        for field in fields where field.name == .vary || !contains(name: field.name.rawName) {
            add(name: field.name.rawName, value: field.value)
        }
    }
}
