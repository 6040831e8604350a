/// What a hub does about the library that it finds in Redis. The newest catalog wins; an older node says so.
struct LibraryDecision: Equatable {
    /// The text to load; `nil` leaves what is there.
    var load: String?
    /// Why what is there is not this hub's own.
    var warnings: [String] = []
    /// The catalog in Redis stays another one than this hub's.
    var hasOtherCatalog = false

    /// - Parameters:
    ///   - found: the library in Redis; `nil` if there is none, or none of ours.
    ///   - own: the line of this hub's catalog.
    ///   - isCluster: what is loaded is for a cluster.
    ///   - isFirst: of two catalogs of one revision, that of the node that started later counts.
    init(found: FunctionLibrary?, own: CatalogLine, isFirst: Bool, isCluster: Bool = false) {
        let ours = FunctionLibrary(own, isCluster: isCluster)
        guard var library = found else {
            load = ours.text
            return
        }
        if library.code < ours.code || (library.code == ours.code && library.body != ours.body && isFirst) {
            library.code = ours.code
            library.body = ours.body
        } else if library.code > ours.code {
            warnings.append("Redis has the functions of a newer hub (\(library.code), this one's are \(ours.code))")
        }
        if let line = library.catalogs[own.key], line.revision > own.revision {
            hasOtherCatalog = true
            warnings.append("Redis has a newer catalog: revision \(line.revision), this hub's is \(own.revision)")
        } else if let line = library.catalogs[own.key], line.revision == own.revision, line.hash != own.hash, !isFirst {
            hasOtherCatalog = true
            warnings.append("a hub that started later has put another catalog of revision \(own.revision) into Redis")
        } else {
            library.catalogs[own.key] = own
        }
        if library != found { load = library.text }
    }
}
