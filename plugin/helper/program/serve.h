/* Questions in, answers out, until the socket ends. */
#ifndef HELPER_PROGRAM_SERVE_H
#define HELPER_PROGRAM_SERVE_H

/* 0 at the end of the socket between two questions; TP_E_IO when it fails or what is asked is malformed.
 * A frame that takes a second more processor time than its deadline ends the process by SIGPROF. */
int serve(int socket);
/* The same in the mode `https`: the setup, then what is posted. Call https_prepare first. */
int serve_https(int socket);
/* Before the filter: what libcurl and its TLS library read from files when they start. TP_E_CRYPTO. */
int https_prepare(void);

#endif
