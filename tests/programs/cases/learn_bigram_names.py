# Counting letters by gradient descent: a bigram model, its loss, and names it invents.
import torch
import torch.nn.functional as F

words = ["anna", "emma", "otto", "hannah", "bob", "nora", "mona", "tom", "amaro", "noam"]
letters = ["."] + sorted(set("".join(words)))
index = {letter: i for i, letter in enumerate(letters)}
pairs = [(index[a], index[b]) for word in words for a, b in zip("." + word, word + ".")]
xs, ys = torch.tensor([a for a, _ in pairs]), torch.tensor([b for _, b in pairs])
generator = torch.Generator().manual_seed(2147483647)
W = torch.randn((len(letters), len(letters)), generator=generator, requires_grad=True)
for step in range(61):
    logits = F.one_hot(xs, num_classes=len(letters)).float() @ W
    counts = logits.exp()
    probabilities = counts / counts.sum(1, keepdim=True)
    loss = -probabilities[torch.arange(len(xs)), ys].log().mean() + 0.01 * (W**2).mean()
    W.grad = None
    loss.backward()
    W.data += -20 * W.grad
    if step % 20 == 0:
        print(step, f"{loss.item():.4f}")
for _ in range(4):
    name, i = "", 0
    while True:
        i = torch.multinomial(W[i].softmax(0), num_samples=1, replacement=True, generator=generator).item()
        if i == 0 or len(name) > 12:
            break
        name += letters[i]
    print(name)
