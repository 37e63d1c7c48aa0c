import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.crypto.Cipher;
import javax.crypto.KeyGenerator;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.net.ssl.SSLContext;

/**
 * The JVM's own cryptography, child processes and garbage collection before, between, during and after the calls of a
 * sale, in one process: java Own PLUGIN SHOP COUPON
 */
public class Own {
    /** SHA-256 of "abc": FIPS 180-2, B.1. */
    private static final String ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    private final KeyPair pair;
    private final SecretKey secret;
    private final SecureRandom random = new SecureRandom();

    Own() throws Exception {
        KeyPairGenerator pairs = KeyPairGenerator.getInstance("EC");
        pairs.initialize(new ECGenParameterSpec("secp256r1"));
        pair = pairs.generateKeyPair();
        secret = KeyGenerator.getInstance("AES").generateKey();
    }

    void work() throws Exception {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest("abc".getBytes(StandardCharsets.US_ASCII));
        require(HexFormat.of().formatHex(digest).equals(ABC), "sha256");
        byte[] text = new byte[100];
        random.nextBytes(text);

        Signature signer = Signature.getInstance("SHA256withECDSA");
        signer.initSign(pair.getPrivate());
        signer.update(text);
        byte[] signature = signer.sign();
        require(verifies(text, signature), "a signature");
        text[0] ^= 1;
        require(!verifies(text, signature), "a forged text");

        byte[] nonce = new byte[12];
        random.nextBytes(nonce);
        byte[] sealed = cipher(Cipher.ENCRYPT_MODE, nonce, text);
        require(java.util.Arrays.equals(cipher(Cipher.DECRYPT_MODE, nonce, sealed), text), "aes-gcm");
        require(SSLContext.getDefault().getSupportedSSLParameters().getProtocols().length > 0, "tls");
    }

    private boolean verifies(byte[] text, byte[] signature) throws Exception {
        Signature verifier = Signature.getInstance("SHA256withECDSA");
        verifier.initVerify(pair.getPublic());
        verifier.update(text);
        return verifier.verify(signature);
    }

    private byte[] cipher(int mode, byte[] nonce, byte[] in) throws Exception {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, secret, new GCMParameterSpec(128, nonce));
        return cipher.doFinal(in);
    }

    static void require(boolean good, String what) {
        if (!good) {
            throw new IllegalStateException("wrong: " + what);
        }
    }

    static void runChild() throws Exception {
        Process child = new ProcessBuilder("/bin/echo", "from a child").start();
        String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        require(child.waitFor() == 0 && said.equals("from a child\n"), "a child process");
    }

    public static void main(String[] args) throws Exception {
        Own own = new Own();
        AtomicInteger calls = new AtomicInteger();
        own.work();
        Tillproof plugin = Tillproof.load(args[0]);
        Tillproof between = (Tillproof) Proxy.newProxyInstance(Own.class.getClassLoader(),
            new Class<?>[] {Tillproof.class}, (self, method, arguments) -> {
                own.work();
                try {
                    return method.invoke(plugin, arguments);
                } catch (InvocationTargetException e) {
                    throw e.getCause();
                } finally {
                    own.work();
                    if (calls.incrementAndGet() % 8 == 0) {
                        System.gc();
                        runChild();
                    }
                }
            });

        AtomicBoolean stop = new AtomicBoolean();
        AtomicReference<Exception> failed = new AtomicReference<>();
        Thread[] others = new Thread[2];
        for (int i = 0; i < others.length; i++) {
            others[i] = new Thread(() -> {
                try {
                    while (!stop.get()) {
                        own.work();
                    }
                } catch (Exception e) {
                    failed.set(e);
                }
            });
            others[i].setDaemon(true);
            others[i].start();
        }
        Sale.ring(between, args[1], args[2]);
        stop.set(true);
        for (Thread other : others) {
            other.join();
        }
        own.work();
        if (failed.get() != null) {
            throw failed.get();
        }
        require(calls.get() > 20, "too few calls");
    }
}
