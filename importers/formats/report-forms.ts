// Which form the getstats lines of an rtcstats dump have, found from the lines themselves: whole reports,
// every report with what changed, or only reports that changed. It decides what it means that a line does not
// mention a report that was there before.
import { isFields } from '../read-value.ts';
import type { Fields } from '../read-value.ts';
import type { RecordedConnection } from '../recording.ts';

export class ReportForms {
  /**
   * A compressed report held nothing but its time: then every report that exists is mentioned in every call.
   */
  #mentionsAll = false;
  /**
   * A report that was known said its type again, as no compressed one does: then lines hold whole reports.
   */
  #areWhole = false;

  /** True: what the line does not mention is gone. False: it has not changed. */
  isAbsentGone(connection: RecordedConnection, reports: Fields, isToday: boolean): boolean {
    let areTyped = true;
    for (const id in reports) {
      const report = reports[id];
      if (!isFields(report)) {
        // Only compressed dumps say that a report is gone.
        if (report === null) areTyped = false;
        continue;
      }
      if (report.type === undefined) {
        areTyped = false;
        if (!isToday && !this.#mentionsAll && isTimeOnly(report)) this.#mentionsAll = true;
      } else if (!this.#areWhole && connection.reports.has(id)) this.#areWhole = true;
    }
    return (areTyped && this.#areWhole) || (!isToday && this.#mentionsAll);
  }
}

function isTimeOnly(report: Fields): boolean {
  for (const name in report) if (name !== 'timestamp') return false;
  return true;
}
