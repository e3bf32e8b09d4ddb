"""`python -m bayes_rglm` is `bayes-rglm`."""

from .cli import main

if __name__ == "__main__":
    main()
