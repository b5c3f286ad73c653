// The key of a session of `aws login`.
#pragma once

namespace costmark {

// The key of RFC 7515, appendix A.3, on one line as the AWS CLI writes it.
inline constexpr const char* key_pem =
    "-----BEGIN EC PRIVATE KEY-----\\n"
    "MHcCAQEEII6bEJ5xkJi/mASH3x9dd+nLKWBuvtImO19XwhPfhPSyoAoGCCqGSM49"
    "AwEHoUQDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72b"
    "focs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\\n-----END EC PRIVATE KEY-----\\n";

}  // namespace costmark
