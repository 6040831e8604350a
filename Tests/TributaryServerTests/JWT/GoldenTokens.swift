/// Keys and tokens that another library made (Python's `cryptography` 48): nothing here is only compared with itself.
///
/// All tokens are for `ada`, in the project `p1`, to read `chat`, until the year 2100. Their private keys are gone.
enum GoldenTokens {
    static let secret = "golden-secret-golden-secret-golden-secret-golden-secret-golden-64"

    static let hs256 = """
        eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZGEiLCJleHAiOjQxMDI0NDQ4MDAsImlhdCI6MTc2NzIyNTYwMCw\
        idHJpYnV0YXJ5Ijp7InByb2plY3RzIjpbInAxIl0sImNoYW5uZWxzIjpbImNoYXQiXX19.fqmyex_OQxfztO2gr-pYHq1eOkZARc\
        RqN5v8igY9JmM
        """

    static let hs384 = """
        eyJhbGciOiJIUzM4NCIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZGEiLCJleHAiOjQxMDI0NDQ4MDAsImlhdCI6MTc2NzIyNTYwMCw\
        idHJpYnV0YXJ5Ijp7InByb2plY3RzIjpbInAxIl0sImNoYW5uZWxzIjpbImNoYXQiXX19.XnEN73obATxNGgs4-zWL3ikc7C9bPa\
        Dzvxd001wcBZ-pOlYsesRaZopkt2xiZ8Fv
        """

    static let hs512 = """
        eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZGEiLCJleHAiOjQxMDI0NDQ4MDAsImlhdCI6MTc2NzIyNTYwMCw\
        idHJpYnV0YXJ5Ijp7InByb2plY3RzIjpbInAxIl0sImNoYW5uZWxzIjpbImNoYXQiXX19.bMY0Pj7uifcKuYsFw-KcLfu55ALO7D\
        SFz4SG_H997K7AlCF1d9fympXy9xZYNjYIVARve3CcZ-TbHDoN94ZzWA
        """

    static let rs256 = """
        eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZGEiLCJleHAiOjQxMDI0NDQ4MDAsImlhdCI6MTc2NzIyNTYwMCw\
        idHJpYnV0YXJ5Ijp7InByb2plY3RzIjpbInAxIl0sImNoYW5uZWxzIjpbImNoYXQiXX19.LiX7VzKmuNtjLBQbnoRQLIRTqN9QXM\
        z0Do-dl6ITEOsKGFnidEF8rfdMmMTogqa2ONWTxMxgc_kQVgjgHcm7wBxEDGdahvHB7M4tNpryDw_ja-Bw3cECRJtVMe4qj2OD9v\
        ltjOnEXtlZdF7LtCjMLgDeYshQJmxDkvAJKiry3lYsmqTs6VkE5JdQtODwZ6mWY3SBA3gq8i9DphoUeHkyfoIEYgm5xAy9lG-3bE\
        F3Mf34T7D6toOlvJDyDwKMU7GvowMgCXPzPNA9L4f6eF001SkUEJrOah6igv33thVpSwjWLQIRNBaCUzUVZAxTEFgZXsawd1XFIu\
        c1aEG3ULfYzw
        """

    static let es256 = """
        eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZGEiLCJleHAiOjQxMDI0NDQ4MDAsImlhdCI6MTc2NzIyNTYwMCw\
        idHJpYnV0YXJ5Ijp7InByb2plY3RzIjpbInAxIl0sImNoYW5uZWxzIjpbImNoYXQiXX19.fLQNDha3hDNgOy0wG8mwu2IZazN84z\
        NrB5OGWMLpL-n9u1GyWWNZEgucH_JUKyEzjxUXOiIRs-lg6B_Qd4QoMA
        """

    static let edDSA = """
        eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZGEiLCJleHAiOjQxMDI0NDQ4MDAsImlhdCI6MTc2NzIyNTYwMCw\
        idHJpYnV0YXJ5Ijp7InByb2plY3RzIjpbInAxIl0sImNoYW5uZWxzIjpbImNoYXQiXX19.X6yn2N5a7D4djmgVC-pRC1wk6M2TCz\
        Whv2QLjGiMfCqXSb4_lZbkMVMcjohnMpFBuz82oxDK8LYEnDkXXD4kBA
        """

    static let namedRS256 = """
        eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InIxIn0.eyJzdWIiOiJhZGEiLCJleHAiOjQxMDI0NDQ4MDAsImlhdCI6\
        MTc2NzIyNTYwMCwidHJpYnV0YXJ5Ijp7InByb2plY3RzIjpbInAxIl0sImNoYW5uZWxzIjpbImNoYXQiXX19.fOWBrTD4frnxMkQ\
        VkYD6mC5gDPxi9Hxwwduc7lKAjQY2pL0IA18ifANtFfSEwfXRaKcSilWZIsO_z0ID7Lgq9i7LOhsbt3oLUTLeengsW-6Z4UwoAlC\
        Ubgf9qfUUlBFDsUAdN8aup6dUVzS4-EZ2p4S9jnStIuZOcRKBvdv_yULQowdwbt81knqZmXnOOS9GbRKeAuWpDiUVA6x27WL3uiL\
        iin3qgxajgdCTNEPXCMwT9C9v5z3oZJW3U1eFB2RskIK1FlRwrD7aP-uA1wu-uA7n94IbWacCCo3hqtPuoB3vcGOhoutF-bXvwXS\
        wRRvsE0KetnYsxCiqjMQ32K0gXA
        """

    static let namedES256 = """
        eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImUxIn0.eyJzdWIiOiJhZGEiLCJleHAiOjQxMDI0NDQ4MDAsImlhdCI6\
        MTc2NzIyNTYwMCwidHJpYnV0YXJ5Ijp7InByb2plY3RzIjpbInAxIl0sImNoYW5uZWxzIjpbImNoYXQiXX19.uywC4onjKxbo9Fv\
        ZfrcGjOvCbaBwZ_x34y8CkMj6OakEvUjnDnl8w3HvZt47zzj0sPXhRB9SyJS_Z7KRUOdUYA
        """

    static let namedEdDSA = """
        eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6ImQxIn0.eyJzdWIiOiJhZGEiLCJleHAiOjQxMDI0NDQ4MDAsImlhdCI6\
        MTc2NzIyNTYwMCwidHJpYnV0YXJ5Ijp7InByb2plY3RzIjpbInAxIl0sImNoYW5uZWxzIjpbImNoYXQiXX19.bXAmKXARgAItvcD\
        lmtbT1db7WUEvni6Lx8t4OJTG_FQzpY9gynajoahCd6Kri5_Ifav_gst34Q2qk_7hvPMdCQ
        """

    static let hs256WithRSAKey = """
        eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZGEiLCJleHAiOjQxMDI0NDQ4MDAsImlhdCI6MTc2NzIyNTYwMCw\
        idHJpYnV0YXJ5Ijp7InByb2plY3RzIjpbInAxIl0sImNoYW5uZWxzIjpbImNoYXQiXX19.2-jDn-tvGA0iEq99gcZhq6RWW84GSK\
        k-9Qph0CL9-RM
        """

    static let rsaPEM = """
        -----BEGIN PUBLIC KEY-----
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA6Sl0I7V9ryt3kmPopaZv
        JY0aOSJ54S7ERxkEpikrDBkLf77UKthB1RMASRRle/86Y56xocgGwxGfto8AjRe7
        GuBqWA8wGdLiraY5UxZeSyTGzK5P99V1KEAYxBoRDU3uGN0TO3ycpEkAHYngunBr
        mZL0LlgQ5eOP1FycZFeF41sQli2KbPXnDuy5EBfhxTtNXcPvN4m7o05c1YczEQ76
        AMoo1u3HuJfBa7onLIxlNmGc8VGyimK4PKnh63U4WtG7zR0nUEDmPTHcK7dlZYin
        Dp24scEhH+pLF2J24/wzzUfo/SXF3VWrC9te4k6gTR5kdOc305/0jR/MG+9qf6KN
        kQIDAQAB
        -----END PUBLIC KEY-----
        """

    static let p256PEM = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEA0WwAoaMTKCfljI4K+9Nx3HCZHs9
        t6UwTk9oqS2z01iEmv3WltrMKnHmCAllUNDGwxr6dE4E6rPq2aXiVc/pqg==
        -----END PUBLIC KEY-----
        """

    static let ed25519PEM = """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEAIjvgJcmwhvHFu6KvauFo5HfBAnWjuTYGSHe6HW9q4zw=
        -----END PUBLIC KEY-----
        """

    static let p384PEM = """
        -----BEGIN PUBLIC KEY-----
        MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE5iCk8LLEej6wQoG+8eL4zN+Z8Hec43fR
        gn6LSMxJp5bbSCmrqzYUs+W3k4VdhCn+IpOfqLcYGjojgKDPIkn5bmB5tyh68rt7
        956CrionKb5Ds3qYIS/W/K6thPfhBO3H
        -----END PUBLIC KEY-----
        """

    static let smallRSAPEM = """
        -----BEGIN PUBLIC KEY-----
        MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDY8bwO+iLUcAJ8QwdXFVxdYtSU
        jqfugLODtCR9eA8+sCrEEFjVvgk1zjmwwqkXrpQzJD2crAqxfUTGLD5XcToxWc8I
        xjUoHMgcPNxcn0hq4UEZOD1h2Ap07MB2oh9ACGXGct1ci/2R0hQM1GPUOD60wJ0Y
        O/Jd7OszzvYyapNrpwIDAQAB
        -----END PUBLIC KEY-----
        """

    /// Also with a key for encryption, and one of a kind that the hub does not know.
    static let keySet = """
        {"keys":[{"kty":"RSA","kid":"r1","use":"sig","alg":"RS256","n":"6Sl0I7V9ryt3kmPopaZvJY0aOSJ54S7ERxkE\
        pikrDBkLf77UKthB1RMASRRle_86Y56xocgGwxGfto8AjRe7GuBqWA8wGdLiraY5UxZeSyTGzK5P99V1KEAYxBoRDU3uGN0TO3yc\
        pEkAHYngunBrmZL0LlgQ5eOP1FycZFeF41sQli2KbPXnDuy5EBfhxTtNXcPvN4m7o05c1YczEQ76AMoo1u3HuJfBa7onLIxlNmGc\
        8VGyimK4PKnh63U4WtG7zR0nUEDmPTHcK7dlZYinDp24scEhH-pLF2J24_wzzUfo_SXF3VWrC9te4k6gTR5kdOc305_0jR_MG-9q\
        f6KNkQ","e":"AQAB"},{"kty":"EC","kid":"e1","crv":"P-256","x":"A0WwAoaMTKCfljI4K-9Nx3HCZHs9t6UwTk9oqS\
        2z01g","y":"hJr91pbazCpx5ggJZVDQxsMa-nROBOqz6tml4lXP6ao"},{"kty":"OKP","kid":"d1","crv":"Ed25519","x\
        ":"IjvgJcmwhvHFu6KvauFo5HfBAnWjuTYGSHe6HW9q4zw"},{"kty":"RSA","kid":"x1","use":"enc","alg":"RSA-OAEP\
        -256","n":"6Sl0I7V9ryt3kmPopaZvJY0aOSJ54S7ERxkEpikrDBkLf77UKthB1RMASRRle_86Y56xocgGwxGfto8AjRe7GuBqW\
        A8wGdLiraY5UxZeSyTGzK5P99V1KEAYxBoRDU3uGN0TO3ycpEkAHYngunBrmZL0LlgQ5eOP1FycZFeF41sQli2KbPXnDuy5EBfhx\
        TtNXcPvN4m7o05c1YczEQ76AMoo1u3HuJfBa7onLIxlNmGc8VGyimK4PKnh63U4WtG7zR0nUEDmPTHcK7dlZYinDp24scEhH-pLF\
        2J24_wzzUfo_SXF3VWrC9te4k6gTR5kdOc305_0jR_MG-9qf6KNkQ","e":"AQAB"},{"kty":"AKP","kid":"m1","alg":"ML\
        -DSA-65","pub":"AAAA"}]}
        """
}
