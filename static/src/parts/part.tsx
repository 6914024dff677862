/** A part of the page that loads when it is needed: what is shown while it does, and when it cannot be had. */
import { Component, type ReactNode, Suspense, useEffect, useState } from "react";

/** Nothing is said about what takes no longer than a blink. */
const QUIET_MS = 300;

function Loading({ name }: { name: string }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), QUIET_MS);
    return () => clearTimeout(timer);
  }, []);
  return late ? (
    <p className="empty-line" role="status">
      Loading {name}…
    </p>
  ) : null;
}

interface Props {
  /** Within a sentence: `the profiler`. */
  readonly name: string;
  readonly children: ReactNode;
}

export class Part extends Component<Props, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    const { name, children } = this.props;
    if (!this.state.failed) return <Suspense fallback={<Loading name={name} />}>{children}</Suspense>;
    return (
      <div className="problem" role="alert">
        <p>
          Could not show {name}. The server may be out of reach, or have a newer version of the page. Your
          program is kept in this browser.
        </p>
        <button type="button" className="outlined" onClick={() => location.reload()}>
          Reload the page
        </button>
      </div>
    );
  }
}
