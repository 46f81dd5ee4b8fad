const MIB = 1024 * 1024;

/** The part of LIMITS about certificates: the directory (PROTOCOL §5), and how clients get and renew theirs. */
export const CERTIFICATE_LIMITS = {
  /** Default of max_certs, as in Python: client certificates that a server issues. */
  clientCertificates: 1_024,
  /** Validity of certificates that clients make for themselves: they are renewed well before. */
  certificateDays: 365,
  /** How often a connected client looks whether its certificate must be renewed. */
  renewalCheckMs: 24 * 60 * 60 * 1000,
  /** Certificates of clients may be valid this much longer, since clocks differ. */
  certificateMarginDays: 2,
  /** As Python's certificates, and the longest that a server's terms may allow. */
  certificateDaysMax: 3_650,
  /** Certificate requests that wait for their turn. Each is a connection. */
  enrolmentsWaiting: 256,
  /**
   * Certificate requests that a server answers: each costs several disk writes, and of a Python client a key. A fleet of
   * a thousand machines is enrolled in a few minutes.
   */
  enrolmentsPerSecond: 4,
  enrolmentBurst: 128,
  /** The same from one address, or one network of IPv6. Several machines may share an address. */
  enrolmentsPerSecondAndAddress: 1,
  enrolmentBurstPerAddress: 64,
  /** Keys made ahead of need for Python clients. */
  keysInStock: 4,
  /** Names whose certificates have never connected. An honest client connects within seconds. */
  unconfirmedCertificates: 256,
  /** When such a name may be requested again. */
  unconfirmedMs: 10 * 60_000,
  /** source_id_2_cert.json: about 400 bytes for a client with the longest name, so enough for 20,000. */
  certificateMapBytes: 8 * MIB,
  /** Invitations that have not expired, of a few hundred bytes each: more than max_certs usually allows. */
  invitations: 4_096,
  /** How long an invitation is valid: a day to hand it over, at most a month. */
  invitationHours: 24,
  invitationHoursMax: 720,
  /** Wrong invitations of one address that make a server look whether its file has changed. */
  invitationGuessesPerSecond: 0.1,
  invitationGuessBurst: 10,
  /** A certificate that ends sooner was not renewed in time, since aioc renews a third of its life before the end. */
  certificateEndsSoonDays: 30,
  /** uses.json: about 130 bytes for a client, 330 with the longest name, so enough for 20,000. */
  certificateUsesBytes: 8 * MIB,
  /** Pause between two writes of uses.json, however many clients connect. */
  certificateUsesPauseMs: 60_000,
  /** How often it is written while clients stay connected: after a crash, a last use is at most this much too early. */
  certificateUsesRefreshMs: 60 * 60_000,
  /** Certificates with the same subject hash. aioc makes subjects unique, so more than a few are an attack. */
  certificatesPerHash: 64,
  /** From a certificate request to its answer. Requests wait for their turn, and one by one for a new key. */
  enrolmentTimeoutMs: 60_000,
} as const;
