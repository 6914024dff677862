# A table of one's own, as it comes with a program that is downloaded.
import torch
import data
from data import X, y

print(data.columns, data.classes)
print(X, X.dtype, y, y.dtype)
print(data.X_test, data.y_test)
print(X.double().mean(0), X.double().std(0, correction=0))
print([f"{value:.7g}" for value in X.flatten().tolist()])
print(data.moons(3, seed=1)[0])
