extension HTTPRefusal {
    /// The same request may be answered later: Request Timeout, Too Early, Too Many Requests, and a server that fails.
    ///
    /// `relay_refused` and `internal_error` are the hub's word that this request fails each time, unlike the 502 or 500 of a
    /// proxy without a hub.
    var isTemporary: Bool {
        switch status {
        case 408, 425, 429: true
        case 501, 505: false
        case 500...599: code != "relay_refused" && code != "internal_error"
        default: false
        }
    }
}
