import Hummingbird
import TributaryCore
import TributaryProtocol

/// Judges who may ask for what. The one place where credentials are looked at and where it is decided what they allow. From any
/// task or event loop.
struct Access: Sendable {
    /// Makes ``Permit``s: only this file can have one.
    struct DecisionToken: Sendable {
        fileprivate init() {}
    }

    let catalog: Catalog
    /// Nobody is asked who they are (`--auth none`).
    let isOpen: Bool
    /// In the order in which they are tried.
    let authenticators: [any Authenticator]
    /// Is asked for each project where the operator named one (`--authorize-url`).
    let application: (any ApplicationAuthorizer)?
    /// `nil` is no such operator.
    let adminToken: BearerToken?
    /// What services show that publish for everybody.
    let publisherTokens: [BearerToken]
    /// Somebody may prove to be an operator; else what operators ask is not there at all.
    let hasOperators: Bool
    /// What is only looked at, such as `/stats`, is for operators too.
    let guardsInspection: Bool
    /// Which pages a browser's own credentials are taken from.
    var browsers = BrowserPolicy()
    /// It is for everybody, wherever they come from; else, where it is not guarded, for this machine alone.
    var opensInspectionToAll = false

    // MARK: Who asks

    /// Whether the answer of ``caller(_:)`` and of ``Caller/permit(_:)`` needs nobody else, as where nobody is asked for a proof.
    var decidesAlone: Bool { isOpen && application == nil }

    /// - Throws: `unauthorized` or another reason why the credentials don't hold; `origin_not_allowed` where they do, and
    ///   somebody else's page may have caused the request.
    func caller(_ credentials: Credentials) async throws(Problem) -> Caller {
        if let caller = try callerNow(credentials) { return caller }
        for authenticator in authenticators {
            guard let identity = try await authenticator.authenticate(credentials) else { continue }
            // A stream on it would end at once, and its client come back at once.
            guard !identity.hasExpired else { throw .credentialExpired }
            try browsers.check(identity, credentials)
            return Caller(access: self, identity: identity, credentials: credentials)
        }
        return try callerWithoutProof(credentials)
    }

    /// The same where nobody has to be asked: for the hub's own tokens, and without other ways to prove who one is.
    ///
    /// - Returns: `nil` where somebody has to be.
    func callerNow(_ credentials: Credentials) throws(Problem) -> Caller? {
        if let caller = callerByToken(credentials) { return caller }
        return authenticators.isEmpty ? try callerWithoutProof(credentials) : nil
    }

    private func callerWithoutProof(_ credentials: Credentials) throws(Problem) -> Caller {
        guard isOpen else { throw .unauthorized(adminToken == nil && authenticators.isEmpty) }
        let caller = openCaller(credentials)
        try browsers.check(caller.identity, credentials)
        return caller
    }

    /// The caller where nobody is asked for a proof; only with ``decidesAlone``, and to read.
    func openCaller(_ credentials: Credentials) -> Caller {
        Caller(
            access: self,
            identity: Identity(kind: .anybody, grants: .everything(catalog), credential: "address:\(credentials.peer)"),
            credentials: credentials
        )
    }

    private func callerByToken(_ credentials: Credentials) -> Caller? {
        guard let bearer = credentials.bearer else { return nil }
        // All are compared, so that the time does not tell which one it was not.
        let isOperator = adminToken?.matches(bearer) ?? false
        let publisher = publisherTokens.indices.filter { publisherTokens[$0].matches(bearer) }.first
        if isOperator {
            let identity = Identity(
                kind: .operator, grants: .everything(catalog), isOperator: true, credential: "operator")
            return Caller(access: self, identity: identity, credentials: credentials)
        }
        guard let publisher else { return nil }
        let all = ChannelSet.all(of: catalog.channels.count)
        let identity = Identity(
            kind: .publisher, grants: Grants(projects: .all, channels: [], publishing: .init(channels: all)),
            credential: "publisher:\(publisher)")
        return Caller(access: self, identity: identity, credentials: credentials)
    }

    // MARK: What it may

    /// - Throws: ``Problem`` with 401 or 403, or 503 where the application that is to decide doesn't answer.
    func decide(_ demand: Demand, for caller: Caller) async throws(Problem) -> Permit {
        guard let application = toBeAsked(for: caller) else { return try decideAlone(demand, for: caller) }
        let own = try judge(demand, caller)
        var asked = demand
        asked.channels = own.channels
        let verdict = try await application.decide(asked, for: caller)
        let channels = try narrowed(demand, to: own.channels.intersection(verdict.channels))
        let (user, isAnonymous) = try caller.user(verdict, named: demand.user) ?? (own.user, own.isAnonymous)
        return Permit(
            DecisionToken(), user: user, isAnonymous: isAnonymous, identity: caller.identity, channels: channels,
            userType: verdict.userType ?? caller.identity.userType,
            lease: application.lease(verdict, asked, for: caller)
        )
    }

    /// The application that has a word in what somebody may.
    func toBeAsked(for caller: Caller) -> (any ApplicationAuthorizer)? { caller.mustAsk ? application : nil }

    /// The same where the application is not asked.
    func decideAlone(_ demand: Demand, for caller: Caller) throws(Problem) -> Permit {
        let own = try judge(demand, caller)
        guard caller.identity.grants.covers(demand.project) == true else { throw .projectForbidden(demand.project) }
        return Permit(
            DecisionToken(), user: own.user, isAnonymous: own.isAnonymous, identity: caller.identity,
            channels: try narrowed(demand, to: own.channels), userType: caller.identity.userType,
            lease: StreamLease(expiresAt: caller.identity.expiresAt)
        )
    }

    /// - Throws: `forbidden` for everybody but operators.
    func decideOperator(_ caller: Caller) throws(Problem) -> Permit {
        guard caller.identity.isOperator else { throw caller.refusedOperator }
        let (user, isAnonymous) = try caller.user(named: nil)
        return Permit(
            DecisionToken(), user: user, isAnonymous: isAnonymous, identity: caller.identity, channels: [],
            userType: caller.identity.userType
        )
    }

    /// Whether somebody may publish at all; each event is decided upon by itself.
    ///
    /// - Throws: `publish_forbidden`.
    func decidePublishing(_ caller: Caller) throws(Problem) -> Permit {
        guard let publishing = caller.identity.grants.publishing else { throw .publishForbidden }
        let (user, isAnonymous) = try caller.user(named: nil)
        return Permit(
            DecisionToken(), user: user, isAnonymous: isAnonymous, identity: caller.identity,
            channels: publishing.channels, userType: caller.identity.userType
        )
    }

    /// What the credential itself says.
    private func judge(
        _ demand: Demand, _ caller: Caller
    ) throws(Problem) -> (user: UserID, isAnonymous: Bool, channels: ChannelSet) {
        let (user, isAnonymous) = try caller.user(named: demand.user)
        let grants = caller.identity.grants
        guard grants.covers(demand.project) != false else { throw .projectForbidden(demand.project) }
        var allowed = grants.channels
        if demand.action == .publish {
            guard let publishing = grants.publishing else { throw .publishForbidden }
            if let event = demand.event, !publishing.allows(event) { throw .eventForbidden(event) }
            allowed = publishing.channels
        }
        return (user, isAnonymous, try narrowed(demand, to: allowed))
    }

    /// What remains of the channels asked for.
    ///
    /// - Throws: `channel_forbidden`, naming the first that was asked for and may not be had.
    private func narrowed(_ demand: Demand, to allowed: ChannelSet) throws(Problem) -> ChannelSet {
        let granted = demand.channels.intersection(allowed)
        let isEnough = demand.takesWhatItMay ? !granted.isEmpty || demand.channels.isEmpty : granted == demand.channels
        guard isEnough else {
            let refused = demand.channels.subtracting(allowed)
            throw .channelForbidden(refused.indices.first { _ in true }.map { catalog.channels[$0].name } ?? "")
        }
        return granted
    }
}

extension Grants {
    static func everything(_ catalog: Catalog) -> Grants {
        let all = ChannelSet.all(of: catalog.channels.count)
        return Grants(projects: .all, channels: all, publishing: Publishing(channels: all))
    }
}
