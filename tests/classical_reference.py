"""The nine classical detectors written out: window by window, patch by patch, a full decomposition at every step.

Nothing is shared, hoisted or halved; each function follows the description of its program line by line, indices
in MATLAB's order where that matters. The package is compared with it, in values and in speed.
"""

import numpy as np
from scipy.linalg import svd as _svd


def svd(matrix):
    """Thin, by the routine that Octave uses."""
    return _svd(matrix, full_matrices=False, lapack_driver="gesvd", check_finite=False)


CORE = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16


def minmax(x):
    low, high = np.nanmin(x), np.nanmax(x)
    return np.clip(x, 0, 1) if low == high else (x - low) / (high - low)


def correlate(x, kernel, mode):
    """Linear filter of odd side, pixel by pixel."""
    n = len(kernel) // 2
    padded = np.pad(x, n, mode=mode)
    out = np.zeros(x.shape)
    for r in range(x.shape[0]):
        for c in range(x.shape[1]):
            out[r, c] = np.sum(padded[r : r + 2 * n + 1, c : c + 2 * n + 1] * kernel)
    return out


def soft(x, tau):
    return np.maximum(x - tau, 0) + np.minimum(x + tau, 0)


# --- filters --------------------------------------------------------------------------------------------------


def top_hat(image):
    x = np.asarray(image, float)
    H, W = x.shape
    eroded, opened = np.zeros((H, W)), np.zeros((H, W))
    for source, out, extreme in ((x, eroded, np.min), (eroded, opened, np.max)):
        for r in range(H):
            for c in range(W):
                out[r, c] = extreme(source[max(r - 2, 0) : r + 3, max(c - 2, 0) : c + 3])
    return x - opened


def max_median(image):
    x = np.asarray(image, float)
    padded = np.pad(x, 2, mode="symmetric")
    out = np.zeros(x.shape)
    t = np.arange(-2, 3)
    for r in range(x.shape[0]):
        for c in range(x.shape[1]):
            R, C = r + 2, c + 2
            lines = (padded[R + t, C], padded[R, C + t], padded[R + t, C + t], padded[R + t, C - t])
            out[r, c] = x[r, c] - max(np.median(line) for line in lines)
    return out


def tllcm(image):
    x = np.asarray(image, float)
    core = correlate(x, CORE, "edge")
    padded = np.pad(x, 13)
    out = np.zeros(x.shape)
    for r in range(x.shape[0]):
        for c in range(x.shape[1]):
            window = padded[r : r + 27, c : c + 27]
            B = 0.0
            for a in range(3):
                for b in range(3):
                    if (a, b) != (1, 1):
                        samples = np.sort(window[9 * a : 9 * a + 9, 9 * b : 9 * b + 9], axis=None)
                        B = max(B, samples[-9:].mean())
            out[r, c] = max(core[r, c] ** 2 / B - core[r, c], 0)
    return out


def wslcm(image, sizes=(5, 7, 9, 11)):
    source = np.pad(np.asarray(image, float), 1)
    x = np.zeros(np.shape(image))
    for r in range(x.shape[0]):
        for c in range(x.shape[1]):
            x[r, c] = np.median(source[r : r + 3, c : c + 3])
    core = correlate(x, CORE, "edge")
    best = np.full(x.shape, -np.inf)
    for s in sizes:
        reach = (3 * s - 1) // 2
        black, repeated = np.pad(x, reach), np.pad(x, reach, mode="edge")
        for r in range(x.shape[0]):
            for c in range(x.shape[1]):
                M, A = np.zeros((3, 3)), np.zeros((3, 3))
                for a in range(3):
                    for b in range(3):
                        cell = np.s_[r + s * a : r + s * a + s, c + s * b : c + s * b + s]
                        M[a, b] = np.sort(black[cell], axis=None)[-9:].mean()
                        A[a, b] = repeated[cell].mean()
                R = M - A
                around = np.delete(R.ravel(), 4)
                B = np.delete(M.ravel(), 4).max()
                S = max(core[r, c] ** 2 / B - core[r, c], 0)
                W_D = max(R[1, 1] - around.max(), 0)
                W_B = around.std(ddof=1)
                if W_B <= 5:
                    W_B = 5
                best[r, c] = max(best[r, c], R[1, 1] * W_D / W_B * S)
    return best


# --- patches --------------------------------------------------------------------------------------------------


def positions(m, p, s):
    K = int(np.ceil((m - p) / s)) + 1
    return [s * i for i in range(K - 1)] + [m - p]


def patch_tensor(x, p, s):
    """(p, p, P), column positions outside, row positions inside."""
    patches = []
    for c in positions(x.shape[1], p, s):
        for r in positions(x.shape[0], p, s):
            patches.append(x[r : r + p, c : c + p])
    return np.stack(patches, axis=2)


def overwrite(tensor, shape, p, s):
    out, k = np.zeros(shape), 0
    for c in positions(shape[1], p, s):
        for r in positions(shape[0], p, s):
            out[r : r + p, c : c + p] = tensor[:, :, k]
            k += 1
    return out


def average(tensor, shape, p, s):
    total, cover, k = np.zeros(shape), np.zeros(shape), 0
    for c in positions(shape[1], p, s):
        for r in positions(shape[0], p, s):
            total[r : r + p, c : c + p] += tensor[:, :, k]
            cover[r : r + p, c : c + p] += 1
            k += 1
    return total / cover


# --- matrices -------------------------------------------------------------------------------------------------


def ipi(image):
    """The response, and how many iterations it took."""
    x = np.asarray(image, float)
    H, W = x.shape
    rows, columns = range(0, H - 49, 10), range(0, W - 49, 10)
    D = np.stack([x[r : r + 50, c : c + 50].ravel(order="F") for r in rows for c in columns], axis=1)
    D = minmax(D)
    s = np.linalg.svd(D, compute_uv=False)
    mu, mu_min = s[1], 0.005 * s[3]
    weight = 1 / np.sqrt(max(H, W))
    A = A1 = E = E1 = np.zeros(D.shape)
    t = t1 = 1.0
    r_prev = n_same = card_ref = 0
    iterations = 0
    for _ in range(1000):
        iterations += 1
        beta = (t1 - 1) / t
        Y_A, Y_E = A + beta * (A - A1), E + beta * (E - E1)
        G = (Y_A + Y_E - D) / 2
        P_A, P_E = Y_A - G, Y_E - G
        U, sigma, Vt = svd(P_A)
        A1, E1 = A, E
        A = U @ np.diag(np.maximum(sigma - mu / 2, 0)) @ Vt
        r = np.sum(sigma > mu / 2)
        E = soft(P_E, weight * mu / 2)
        card = np.sum(E != 0)
        t1, t = t, (1 + np.sqrt(1 + 4 * t**2)) / 2
        Q = A + E - Y_A - Y_E
        S_A, S_E = 2 * (Y_A - A) + Q, 2 * (Y_E - E) + Q
        size = np.sqrt(np.sum(A**2) + np.sum(E**2))
        stop = np.sqrt(np.sum(S_A**2) + np.sum(S_E**2)) / (2 * max(1, size)) <= 1e-6
        mu = max(0.9 * mu, mu_min)
        if r == r_prev:
            n_same += 1
            stop |= n_same > 10 and abs(card - card_ref) < 20
        else:
            n_same, card_ref = 0, card
        r_prev = r
        if stop or r > 0.3 * min(D.shape):
            break
    out = np.zeros((H, W))
    for i in range(H):
        for j in range(W):
            values = [
                E[(i - r) + 50 * (j - c), a * len(columns) + b]
                for a, r in enumerate(rows)
                if r <= i < r + 50
                for b, c in enumerate(columns)
                if c <= j < c + 50
            ]
            if values:
                out[i, j] = np.median(values)
    return out, iterations


def nram(image):
    """The response, and how many iterations it took."""
    x = np.asarray(image, float)
    D = patch_tensor(x, 50, 10)
    D = minmax(D.reshape(2500, -1, order="F"))
    k = min(D.shape)
    weight, beta, C, gamma = 1 / np.sqrt(k), 3 / np.sqrt(k), np.sqrt(k) / 2.5, 0.002
    mu = 3 * np.sqrt(max(D.shape))
    B = T = E = Y = np.zeros(D.shape)
    prev = np.zeros(k)
    iterations = 0
    for _ in range(1000):
        iterations += 1
        U, s, Vt = svd(D - T - E - Y / mu)
        q = prev
        for _ in range(100):
            new = np.maximum(s - (1 / mu) * gamma * (1 + gamma) / (gamma + q) ** 2, 0)
            done = np.sum((new - q) ** 2) < 1e-6
            q = new
            if done:
                break
        prev = q
        B = U @ np.diag(q) @ Vt
        t = D - B - E - Y / mu
        w = C / (np.abs(t) + 0.04)
        T = np.maximum(t - weight * w / mu, 0) + np.minimum(t + weight * w, 0)
        e = D - T - B - Y / mu
        E = np.zeros(D.shape)
        for j in range(D.shape[1]):
            a = np.linalg.norm(e[:, j])
            if a > beta / mu:
                E[:, j] = e[:, j] * (a - beta / mu) / a
        R = B + E + T - D
        Y = Y + mu * R
        mu = 1.1 * mu
        if np.linalg.norm(R) / np.linalg.norm(D) < 1e-7:
            break
    return overwrite(T.reshape(50, 50, -1, order="F"), x.shape, 50, 10), iterations


# --- tensors --------------------------------------------------------------------------------------------------


def structure(x, sigma1, sigma2):
    def gaussian(sigma):
        i, j = np.mgrid[-1:2, -1:2]
        g = np.exp(-(i**2 + j**2) / (2 * sigma**2))
        return g / g.sum()

    Gy, Gx = np.gradient(correlate(x, gaussian(sigma1), "symmetric"))
    J11, J12, J22 = (correlate(p, gaussian(sigma2), "symmetric") for p in (Gx * Gx, Gx * Gy, Gy * Gy))
    d = np.sqrt((J11 - J22) ** 2 + 4 * J12**2)
    return (J11 + J22 + d) / 2, (J11 + J22 - d) / 2


def unfold(tensor, i):
    others = [axis for axis in range(3) if axis != i]
    return tensor.transpose(i, *others).reshape(tensor.shape[i], -1, order="F")


def fold(matrix, i, shape):
    others = [axis for axis in range(3) if axis != i]
    moved = matrix.reshape([shape[i]] + [shape[axis] for axis in others], order="F")
    return moved.transpose(np.argsort([i, *others]))


def ript(image, reconstruct=overwrite):
    """The response, and how many iterations it took."""
    x = np.asarray(image, float)
    F = patch_tensor(x, 30, 10)
    larger, smaller = structure(x, 1.2, 2)
    W_S = patch_tensor(np.exp(minmax(larger - smaller)), 30, 10)
    weight = 0.7 / np.sqrt(min(F.shape))
    mu = 5 * F.std(ddof=1)
    T, W = np.zeros(F.shape), W_S
    multipliers = [np.zeros(F.shape) for _ in range(3)]
    n_prev = F.size
    iterations = 0
    for _ in range(1000):
        iterations += 1
        B = []
        for i in range(3):
            Z = F + mu * multipliers[i] - T
            U, s, Vt = svd(unfold(Z, i))
            B.append(fold(U @ np.diag(np.maximum(s - mu, 0)) @ Vt, i, F.shape))
        t = sum(F + mu * multipliers[i] - B[i] for i in range(3)) / 3
        T = np.maximum(t - W * mu * weight / 3, 0)
        W = W_S / (np.abs(T) + 0.01)
        for i in range(3):
            multipliers[i] = multipliers[i] - (B[i] + T - F) / mu
        mu = mu / 1.5
        n = np.sum(T > 0)
        error = np.linalg.norm(F - sum(B) / 3 - T) / np.linalg.norm(F)
        if error < 1e-7 or n == n_prev:
            break
        n_prev = n
    return reconstruct(T, x.shape, 30, 10), iterations


def shrink_slices(X, change):
    """Every Fourier slice along the last axis decomposed, all of them."""
    X_hat = np.fft.fft(X, axis=2)
    for i in range(X.shape[2]):
        U, s, Vh = svd(X_hat[:, :, i])
        X_hat[:, :, i] = U @ np.diag(change(s)) @ Vh
    return np.fft.ifft(X_hat, axis=2).real


def pstnn(image, nan_to_one=False):
    """The response, and how many iterations it took."""
    x = np.asarray(image, float)
    larger, smaller = structure(x, 2, 9)
    with np.errstate(invalid="ignore"):
        p = minmax(larger * smaller / (larger + smaller) * np.maximum(larger, smaller))
    if nan_to_one:
        p[np.isnan(p)] = 1
    X, P = patch_tensor(x, 40, 40), patch_tensor(p, 40, 40)
    n3 = X.shape[2]
    weight = 0.7 / np.sqrt(40 * n3)
    s = np.linalg.svd(X.reshape(n3, 1600, order="F"), compute_uv=False)
    N = max(1, np.nonzero(s / s[0] < 0.1)[0][0])
    L = S = Y = np.zeros(X.shape)
    W, mu = np.ones(X.shape), 0.002
    iterations = 0
    for _ in range(500):
        iterations += 1
        n_pre = np.sum(S > 0)
        L = shrink_slices(X - S - Y / mu, lambda s, mu=mu: np.r_[s[:N], np.maximum(s[N:] - 1 / mu, 0)])
        S = np.fmax(X - L - Y / mu - W * weight / mu, 0)
        with np.errstate(divide="ignore"):
            W = N / (np.abs(S) + 0.01) / P
        rest = L + S - X
        n = np.sum(S > 0)
        if np.linalg.norm(rest) / np.linalg.norm(X) < 1e-3 or (n_pre > 0 and n > 0 and n == n_pre):
            break
        Y = Y + mu * rest
        mu = min(1.05 * mu, 1e10)
    return overwrite(S, x.shape, 40, 40), iterations


def t_product(A, B):
    A_hat, B_hat = np.fft.fft(A, axis=2), np.fft.fft(B, axis=2)
    C_hat = np.stack([A_hat[:, :, i] @ B_hat[:, :, i] for i in range(A.shape[2])], axis=2)
    return np.fft.ifft(C_hat, axis=2).real


def mslstipt(image):
    """The response, how many iterations its dictionary took, and how many the rest."""
    x = np.asarray(image, float) / 255
    H, W = x.shape
    nr, nc = -(-H // 100), -(-W // 100)
    P = nr * nc
    while x.shape[1] < 100 * nc:
        x = np.hstack([x, x[:, -1:]])
    while x.shape[0] < 100 * nr:
        x = np.vstack([x, x[99:100]])
    T = np.stack(
        [x[100 * a : 100 * a + 100, 100 * b : 100 * b + 100] for a in range(nr) for b in range(nc)], axis=2
    )
    X = T.reshape((100, P, 100), order="F")
    A, learnt = _dictionary(X, P)
    E, iterations = _coefficients(X, A)
    tiles = E.reshape((100, 100, P), order="F")
    out = np.zeros((100 * nr, 100 * nc))
    for k in range(P):
        a, b = divmod(k, nc)
        out[100 * a : 100 * a + 100, 100 * b : 100 * b + 100] = tiles[:, :, k]
    return out[:H, :W], learnt, iterations


def _dictionary(X, P):
    weight, mu = 1 / np.sqrt(100 * P), 1e-4
    L = S = Y = np.zeros(X.shape)
    iterations = 0
    for _ in range(800):
        iterations += 1
        L_old, S_old = L, S
        L = shrink_slices(X - S - Y / mu, lambda s, mu=mu: np.maximum(s - 1 / mu, 0))
        S = soft(X - L - Y / mu, weight / mu)
        rest = L + S - X
        if max(np.abs(L - L_old).max(), np.abs(S - S_old).max(), np.abs(rest).max()) < 1e-8:
            break
        Y = Y + mu * rest
        mu = min(1.2 * mu, 1e10)
    L_hat = np.fft.fft(L, axis=2)
    parts, ranks = [], []
    for i in range(L.shape[2]):
        U, s, _ = svd(L_hat[:, :, i])
        r = np.sum(s > max(L.shape[:2]) * np.spacing(s[0]))
        kappa = r
        if r > 2:
            g = s[: r - 2] / s[1 : r - 1]
            if np.any(g > 50):
                kappa = np.nonzero(g > 50)[0][0] + 1
            j = np.argmax(g)
            rest = np.sum(g) - g[j]
            if rest == 0 or (r - 2) * g[j] / rest > 20:
                kappa = min(kappa, j + 1)
        parts.append(U * s)
        ranks.append(kappa)
    R = max(ranks)
    A_hat = np.zeros((L.shape[0], R, L.shape[2]), complex)
    for i, (part, kappa) in enumerate(zip(parts, ranks, strict=True)):
        A_hat[:, :kappa, i] = part[:, :kappa]
    return np.fft.ifft(A_hat, axis=2).real, iterations


def _coefficients(X, A):
    n1, n2, n3 = X.shape
    R, p, C = A.shape[1], 0.8, 1e-4 * np.sqrt(100 * 100)
    weight, beta = 1 / np.sqrt(n3 * max(n1, n2)), 1e-4
    A_hat = np.fft.fft(A, axis=2)
    At = np.fft.ifft(A_hat.conj().transpose(1, 0, 2), axis=2).real
    inverse_hat = np.stack(
        [np.linalg.inv(A_hat[:, :, i].conj().T @ A_hat[:, :, i] + np.eye(R)) for i in range(n3)], axis=2
    )
    inverse = np.fft.ifft(inverse_hat, axis=2).real

    def gst(s, w):
        tau = (2 * w * (1 - p)) ** (1 / (2 - p)) + p * w * (2 * w * (1 - p)) ** ((p - 1) / (2 - p))
        y = np.zeros(s.shape)
        for j in range(len(s)):
            if s[j] > tau[j]:
                y[j] = s[j]
                for _ in range(2):
                    y[j] = s[j] - p * w[j] * y[j] ** (p - 1)
        return y

    def wsnm(s, c):
        v = s
        for _ in range(3):
            v = gst(s, c / (v ** (1 / p) + 2.22e-16))
        return v

    Z = J = Y1 = np.zeros((R, n2, n3))
    E = Y2 = np.zeros(X.shape)
    iterations = 0
    for _ in range(200):
        iterations += 1
        Z_old, J_old, E_old = Z, J, E
        Z = shrink_slices(J - Y1 / beta, lambda s, beta=beta: wsnm(s, C / beta))
        E = soft(X - t_product(A, J) + Y2 / beta, weight / beta)
        J = t_product(inverse, Z + Y1 / beta + t_product(At, X - E + Y2 / beta))
        d1, d2 = Z - J, X - t_product(A, J) - E
        if max(np.abs(d).max() for d in (d1, d2, J - J_old, E - E_old, Z - Z_old)) < 1e-4:
            break
        Y1 = Y1 + beta * d1
        Y2 = Y2 + beta * d2
        beta = min(1.1 * beta, 1e8)
    return E, iterations
